"""One module per command of `shangeng`, each with `run(arguments, voice) -> exit code`."""
