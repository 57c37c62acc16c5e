"""What odh-nim talks about: frozen data, names and errors. Standard library only, no I/O."""
