"""`gradsheet check`: finds and names what is wrong in a hand-made backpropagation sheet."""
