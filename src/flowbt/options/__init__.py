"""A market of options: quotes, forwards and discounts by put-call parity, implied volatilities, a surface. Knows no files, features or trades."""
