"""RTL: Verilog of a program, its co-simulation and its synthesis."""
