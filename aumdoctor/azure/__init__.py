"""Everything that talks to Azure. The only room that imports the Azure SDK."""
