"""Verilog of a program: RTL projects and their cycle-accurate simulation."""
