"""LorentzNet (Gong et al. 2022): message passing by Minkowski products."""
