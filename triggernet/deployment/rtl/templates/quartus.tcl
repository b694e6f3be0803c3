# quartus_sh -t quartus.tcl [DEVICE]
# Compiles @TOP@ with its ports as virtual pins.
package require ::quartus::project
package require ::quartus::flow

set here [file dirname [file normalize [info script]]]
set device [expr {[llength $quartus(args)] ? [lindex $quartus(args) 0] : "AGFB014R24A2E2V"}]
file mkdir [file join $here quartus]
cd [file join $here quartus]
project_new @TOP@ -overwrite
set_global_assignment -name DEVICE $device
set_global_assignment -name TOP_LEVEL_ENTITY @TOP@
foreach source [glob [file join $here src *.v]] {
    set_global_assignment -name VERILOG_FILE $source
}
set_global_assignment -name SDC_FILE [file join $here constraints @TOP@.sdc]
foreach port {@PORTS@} {
    set_instance_assignment -name VIRTUAL_PIN ON -to $port
    set_instance_assignment -name VIRTUAL_PIN ON -to "$port\[*\]"
}
execute_flow -compile
project_close
