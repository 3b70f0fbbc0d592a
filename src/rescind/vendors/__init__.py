"""How vendors behave: one module of rules each, and nothing else. See ``rescind.rules`` for the words they use."""
