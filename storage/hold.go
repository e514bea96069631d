package storage

// Hold keeps an image and the chunks behind it readable while newer images come: their
// deletion waits. It is not on the disk, so a restart lets it go.
type Hold struct {
	store    *Store
	image    Image
	installs uint64 // of peers' images, until it began
}

// Hold holds the newest image, and every chunk that it does not stand for; all chunks,
// where there is no image. What it keeps from being deleted takes room on the disk
// until the first image after Release; so whoever holds it must come to an end.
func (s *Store) Hold() *Hold {
	s.saving.Lock()
	defer s.saving.Unlock()
	h := &Hold{store: s, image: s.Images().Newest, installs: s.installs}
	s.holds[h] = true
	return h
}

// Image is what is held; its Index is 0 if there was none.
func (h *Hold) Image() Image { return h.image }

// Whole reports whether no peer's image was installed since h began. The list goes on
// behind one that was, and chunks before it that were not here yet never come. Who wants
// the list from h's image on must look at the list first, and at this then.
func (h *Hold) Whole() bool {
	h.store.saving.Lock()
	defer h.store.saving.Unlock()
	return h.installs == h.store.installs
}

// Release lets it go.
func (h *Hold) Release() {
	h.store.saving.Lock()
	defer h.store.saving.Unlock()
	delete(h.store.holds, h)
}

// held is up to where chunks may be deleted, no further than kept. The caller has
// saving locked.
func (s *Store) held(kept uint64) uint64 {
	for h := range s.holds {
		kept = h.image.Front(kept)
	}
	return kept
}

// holding reports whether an image is held. The caller has saving locked.
func (s *Store) holding(generation uint32) bool {
	for h := range s.holds {
		if h.image.Generation == generation {
			return true
		}
	}
	return false
}
