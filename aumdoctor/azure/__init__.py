"""Everything that talks to Azure. The only room that imports the Azure SDK."""

import logging

# The SDK warns on its loggers of what it then raises; the error is told once, by the command line.
logging.getLogger("azure").addHandler(logging.NullHandler())
