"""Plans: in which order a network is contracted, and what that costs."""
