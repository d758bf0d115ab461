//! Which images are worth having containers ready of. Pure.
//!
//! Invariant: the image of ordinary machines is wanted until others are used more often.

/// Counts are halved when one reaches this, so that what jobs used long ago is forgotten.
const MOST_USES: u32 = 64;

/// How often jobs have used images.
#[derive(Debug, Default)]
pub(super) struct Uses(Vec<(String, u32)>);

impl Uses {
    /// Counts one use of an image.
    pub(super) fn note(&mut self, image: &str) {
        match self.0.iter_mut().find(|(known, _)| known == image) {
            Some((_, uses)) => *uses += 1,
            None => self.0.push((image.to_owned(), 1)),
        }
        if self.0.iter().any(|(_, uses)| *uses >= MOST_USES) {
            self.0.iter_mut().for_each(|(_, uses)| *uses /= 2);
            self.0.retain(|(_, uses)| *uses > 0);
        }
        // The one used most comes first; of equals, the one that was there before.
        self.0.sort_by_key(|(_, uses)| std::cmp::Reverse(*uses));
    }

    /// The `n_images` that are used most.
    pub(super) fn most_used(&self, n_images: usize) -> Vec<String> {
        self.0.iter().take(n_images).map(|(image, _)| image.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_used_most_are_wanted_and_old_habits_are_forgotten() {
        let mut uses = Uses::default();
        uses.note("default");
        uses.note("other");
        assert_eq!(uses.most_used(1), ["default"]);
        uses.note("other");
        assert_eq!(uses.most_used(2), ["other", "default"]);
        for _ in 0..3 * MOST_USES {
            uses.note("new");
        }
        assert_eq!(uses.most_used(9), ["new"]);
    }
}
