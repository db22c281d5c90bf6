"""Events through a broker of one's own: broken on purpose, and measured."""
