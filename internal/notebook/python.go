package notebook

import _ "embed"

// Functions that notebooks define, as Python.
var (
	//go:embed python/session.py
	sessionPython string
	//go:embed python/await_tables.py
	awaitTablesPython string
	//go:embed python/checkpoints.py
	checkpointsPython string
	//go:embed python/await_end.py
	awaitEndPython string
	//go:embed python/reconcile.py
	reconcilePython string
	//go:embed python/kafka.py
	kafkaPython string
	//go:embed python/files.py
	filesPython string
)
