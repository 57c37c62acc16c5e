"""What a cluster needs so that it pulls from a mirror: files to look at and to apply."""
