"""The demo: people act on the simulated Bitbucket, and a subscriber's events are printed as they arrive."""
