"""The commands of `orderbridge`, a file for each. What a command works with is imported when it runs, so that help is quick."""
