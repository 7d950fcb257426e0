//! What a person's decision about two cases is worth, which orders the review queue.
//!
//! Until somebody decides, the two stay apart. If they are one (probability *p*), that wastes the work of a second body
//! and gives the petitioner two answers: *work*, in units of one body's work on one case. If they are made one and are
//! not (1 − *p*), a citizen goes unheard: [`HARM`] such units. The worth of a decision is
//!
//! ```text
//! p · work  +  min(p · work, (1 − p) · HARM)
//! ```
//!
//! First what waiting costs, then what is saved over acting on the better guess unseen (the expected value of perfect
//! information, Raiffa and Schlaifer 1961). So the probable come first, among them the uncertain, and cases with many
//! sources and no answer weigh more.

/// What a wrong merge costs, in units of one body's work on one case.
pub const HARM: f64 = 3.0;

/// Sources beyond these add nothing more.
const MOST_SOURCES: u64 = 10;

/// The work that goes on twice while two cases wait: by how many of the two have no answer yet, and by how many filings
/// both gather, because each of their sources is told twice.
pub fn work(unanswered: usize, sources: u64) -> f64 {
    let bodies = match unanswered {
        0 => 0.1,
        1 => 0.6,
        _ => 1.0,
    };
    // At most ten, which is exact.
    bodies * sources.clamp(2, MOST_SOURCES) as f64 / 2.0
}

/// See the top of this file; `probability` is that the two cases are one.
pub fn worth(probability: f64, work: f64) -> f64 {
    let waiting = probability * work;
    waiting + waiting.min((1.0 - probability) * HARM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probable_come_first_and_among_them_the_uncertain() {
        let plain = |p| worth(p, work(2, 2));
        assert!(plain(0.75) > plain(0.5) && plain(0.5) > plain(0.2));
        assert!(plain(0.75) > plain(0.99) && plain(0.99) > plain(0.4));
    }

    #[test]
    fn many_sources_and_no_answer_weigh_more() {
        assert!(worth(0.6, work(2, 5)) > worth(0.6, work(2, 2)));
        assert!(worth(0.6, work(2, 2)) > worth(0.6, work(1, 2)));
        assert!(worth(0.6, work(1, 2)) > worth(0.6, work(0, 2)));
        assert_eq!(work(2, 10), work(2, 50_000));
    }
}
