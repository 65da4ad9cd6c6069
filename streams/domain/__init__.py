"""Pure values and rules: no Django, no input or output, no clock of their own."""
