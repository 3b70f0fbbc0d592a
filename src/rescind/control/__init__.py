"""What tests do to the world: choose answers, move the clock, look at the state and change it."""
