"""Where encoded rows live: each module offers the `Partitions` of smtrain.objective."""
