"""VMs with SQL Server as the SQL IaaS extension knows them, in the wire shape of Microsoft.SqlVirtualMachine."""

from __future__ import annotations

from aumdoctor.demo.machines import os_type_of
from aumdoctor.demo.state import DemoEstate, Wire, key

SQL = "Microsoft.SqlVirtualMachine/sqlVirtualMachines"


def add_sql_vm(
    state: DemoEstate,
    vm_id: str,
    *,
    automated_patching: bool,
    day_of_week: str = "Sunday",
    starting_hour: int = 2,
    minutes: int = 60,
) -> str:
    """Register a VM with the SQL IaaS extension, which can patch it by itself in a window of its own (the hour is the
    VM's local time). Returns the id of the SQL virtual machine. Raises KeyError where there is no such VM."""
    vm = state.machine(vm_id)
    sql_id = f"{vm['id'].split('/providers/')[0]}/providers/{SQL}/{vm['name']}"
    patching: Wire = {"enable": automated_patching}
    if automated_patching:
        patching |= {
            "dayOfWeek": day_of_week,
            "maintenanceWindowStartingHour": starting_hour,
            "maintenanceWindowDuration": minutes,
        }
    state.sql_vms[key(sql_id)] = {
        "id": sql_id,
        "name": vm["name"],
        "type": SQL,
        "location": vm["location"],
        "tags": {},
        "properties": {
            "virtualMachineResourceId": vm["id"],
            "provisioningState": "Succeeded",
            "osType": os_type_of(vm),
            "sqlImageOffer": "SQL2022-WS2022",
            "sqlImageSku": "Standard",
            "sqlServerLicenseType": "PAYG",
            "sqlManagement": "Full",
            "additionalVmPatch": "WU",
            "leastPrivilegeMode": "Enabled",
            "enableAutomaticUpgrade": True,
            "autoPatchingSettings": patching,
        },
    }
    state.touch(sql_id)
    return sql_id
