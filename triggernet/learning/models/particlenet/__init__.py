"""ParticleNet: edge convolutions between nearest neighbours."""
