"""From a list of models to a disconnected cluster that serves them."""
