"""The parts of ../generate.py: protocol.py reads and checks, the others each make one kind of output."""
