package bundle

import (
	"encoding/json"

	"github.com/cryptostream/lakectl/jobs"
)

// guards are what of these queries can't change without rows lost or doubled: where each has its checkpoint,
// and what that can't take a change of.
func (b builder) guards(queries []jobs.Job) map[string]string {
	all := map[string]string{}
	for _, job := range queries {
		f := job.Fingerprint()
		if job.Source.Kafka != nil {
			f.Source = "kafka " + b.target.Kafka.Topic
			if files := b.target.Kafka.Files; files != "" {
				f.Source = "files " + files
			}
		}
		for fact, value := range facts(f) {
			all[job.Name+" "+fact] = value
		}
		all[job.Name+" checkpoint"] = b.target.Place().Checkpoint(job.Name)
	}
	return all
}

// facts are the fields of a fingerprint by their names, those that are set.
func facts(f jobs.Fingerprint) map[string]string {
	text, err := json.Marshal(f)
	var found map[string]string
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		panic("bundle: a fingerprint as text: " + err.Error())
	}
	return found
}

// notebookGuards are those of the queries in a notebook. They stand there and not at the job, which comes and
// goes with the target's shape while checkpoints and tables stay.
func (b builder) notebookGuards(name string) map[string]string {
	for _, l := range layers {
		if l.notebook == name {
			return b.guards(b.jobsOf(l.layer))
		}
	}
	return nil
}

// jobGuards are a job's that takes its notebooks from a repository.
func (b builder) jobGuards() map[string]string {
	if b.Git == nil {
		return nil
	}
	return b.guards(b.lakehouse.Jobs)
}
