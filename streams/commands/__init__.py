"""One module for each family of commands; `registry` names them all."""
