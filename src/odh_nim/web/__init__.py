"""The server behind the page: stateless, without rights of its own."""
