"""RTL: Verilog of a program, its cycle-accurate simulation and its synthesis."""
