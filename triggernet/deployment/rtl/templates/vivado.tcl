# vivado -mode batch -source vivado.tcl
# Synthesis, placement and routing of @TOP@ out of context; the reports end in vivado/, where
# `triggernet report` finds them.
set here [file dirname [file normalize [info script]]]
set out [file join $here vivado]
file mkdir $out

read_verilog [glob [file join $here src *.v]]
read_xdc [file join $here constraints @TOP@.xdc]
synth_design -top @TOP@ -part @PART@ -mode out_of_context
report_utilization -file [file join $out @TOP@_synth_util.rpt]
opt_design
place_design
phys_opt_design
route_design
report_utilization -file [file join $out @TOP@_routed_util.rpt]
report_timing_summary -file [file join $out @TOP@_routed_timing.rpt]
write_checkpoint -force [file join $out @TOP@.dcp]
