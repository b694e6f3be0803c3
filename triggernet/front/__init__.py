"""The public verbs, behind `import triggernet`: what the commands do, as functions.

Paths are given as str or Path. All but the first argument go by name. Each function loads what it
is given, makes one public call of a stage's package, and writes where it is told to.
"""
