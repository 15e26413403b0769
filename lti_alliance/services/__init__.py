"""Use cases: one public function for each thing that an actor does; they flush and never commit."""
