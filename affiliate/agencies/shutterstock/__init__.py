"""Shutterstock: clients for images, clips and editorial pictures, and the shapes of answers."""
