//! Which of the cache's places are taken: llama.cpp keeps one for each token, and sequences that share a beginning share
//! its places. It does not tell how many are left, and fails a computation that finds none; so they are counted here.

/// A place in the cache.
pub(super) type Cell = u32;

/// All the places.
#[derive(Debug)]
pub(super) struct Cells {
    /// How many sequences hold each.
    holders: Vec<u16>,
    free: Vec<Cell>,
}

impl Cells {
    pub(super) fn new(count: u32) -> Self {
        Self { holders: (0..count).map(|_| 0).collect(), free: (0..count).rev().collect() }
    }

    /// How many nobody holds.
    pub(super) fn free(&self) -> usize {
        self.free.len()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.holders.len()
    }

    /// A place for one more token; `None` when all are taken.
    pub(super) fn take(&mut self) -> Option<Cell> {
        let cell = self.free.pop()?;
        self.holders[cell as usize] = 1;
        Some(cell)
    }

    /// One more sequence holds `cells`.
    pub(super) fn share(&mut self, cells: &[Cell]) {
        for cell in cells {
            self.holders[*cell as usize] += 1;
        }
    }

    /// One sequence less holds `cells`.
    pub(super) fn give_back(&mut self, cells: impl IntoIterator<Item = Cell>) {
        for cell in cells {
            let holders = &mut self.holders[cell as usize];
            *holders -= 1;
            if *holders == 0 {
                self.free.push(cell);
            }
        }
    }

    /// How many different ones are among `cells`.
    pub(super) fn distinct<'c>(&self, cells: impl IntoIterator<Item = &'c Cell>) -> usize {
        let mut seen = vec![false; self.holders.len()];
        cells.into_iter().filter(|cell| !std::mem::replace(&mut seen[**cell as usize], true)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_place_is_free_when_the_last_has_left() {
        let mut cells = Cells::new(3);
        let taken: Vec<Cell> = (0..3).map_while(|_| cells.take()).collect();
        assert_eq!((taken.len(), cells.take(), cells.free(), cells.count()), (3, None, 0, 3));
        cells.share(&taken[..2]);
        assert_eq!(cells.distinct(taken.iter().chain(&taken[..2])), 3);
        cells.give_back(taken.clone());
        assert_eq!(cells.free(), 1);
        cells.give_back(taken[..2].to_vec());
        assert_eq!(cells.free(), 3);
    }
}
