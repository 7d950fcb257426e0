//! The few highest of many numbers.

/// Brings the `most` highest numbers to the front, highest first, and returns how many there are.
pub(super) fn bring_forward(numbers: &mut [u64], most: usize) -> usize {
    let most = most.min(numbers.len());
    if most > FEW {
        numbers.select_nth_unstable_by(most - 1, |a, b| b.cmp(a));
        numbers[..most].sort_unstable_by(|a, b| b.cmp(a));
        return most;
    }
    let (best, others) = numbers.split_at_mut(most);
    best.sort_unstable_by(|a, b| b.cmp(a));
    let Some(mut least) = best.last().copied() else { return 0 };
    // The more have been seen, the seldomer one is higher than the least of the best.
    for number in others.iter().copied() {
        if number > least {
            let mut at = most - 1;
            while at > 0 && best[at - 1] < number {
                best[at] = best[at - 1];
                at -= 1;
            }
            best[at] = number;
            least = best[most - 1];
        }
    }
    most
}

/// So many are kept in order while the rest is looked through; more are sorted.
const FEW: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_come_first() {
        let numbers: Vec<u64> = (0..200_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        for (len, most) in [(0, 3), (5, 0), (5, 9), (200, 1), (200, 16), (200, FEW), (200, FEW + 1), (200, 200)] {
            let (mut brought, mut sorted) = (numbers[..len].to_vec(), numbers[..len].to_vec());
            let count = bring_forward(&mut brought, most);
            sorted.sort_unstable_by(|a, b| b.cmp(a));
            assert_eq!(brought[..count], sorted[..most.min(len)]);
        }
    }
}
