"""Where encoded rows live: each module offers the `Partitions` of smtrain.softmax.objective."""
