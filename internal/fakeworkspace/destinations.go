package fakeworkspace

import (
	"maps"
	"slices"
)

func (w *Workspace) destinationRoutes() {
	const at = "/api/2.0/notification-destinations"
	w.handle("GET "+at, w.listDestinations)
	w.handle("GET "+at+"/{id}", w.destination)
}

// AddDestination adds a notification destination, to whose id webhooks can go.
func (w *Workspace) AddDestination(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.webhooks[id] = true
}

func destinationOf(id string) object {
	return object{"id": id, "display_name": "destination " + id, "destination_type": "WEBHOOK"}
}

func (w *Workspace) listDestinations(*call) (any, *Error) {
	all := []object{}
	for _, id := range slices.Sorted(maps.Keys(w.webhooks)) {
		all = append(all, destinationOf(id))
	}
	return object{"results": all}, nil
}

func (w *Workspace) destination(c *call) (any, *Error) {
	if id := c.PathValue("id"); w.webhooks[id] {
		return destinationOf(id), nil
	}
	return nil, missing("Notification destination %s does not exist.", c.PathValue("id"))
}
