"""The whole deployment on one machine: an AWS emulator, `template.yaml` deployed into it, and a simulated Bitbucket."""
