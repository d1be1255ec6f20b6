"""The product's main job as a story: a base moves, the image follows, a rollback holds and is released."""
