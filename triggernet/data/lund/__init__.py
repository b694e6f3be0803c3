"""Lund trees and planes of jets."""
