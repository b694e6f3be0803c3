# The clock; the ports are those of a module inside a larger design, behind registers.
create_clock -name clk -period @PERIOD@ [get_ports clk]
set_clock_uncertainty @UNCERTAINTY@ [get_clocks clk]
set_input_delay -clock clk @IO_DELAY@ [remove_from_collection [all_inputs] [get_ports clk]]
set_output_delay -clock clk @IO_DELAY@ [all_outputs]
