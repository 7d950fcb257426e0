//! Resident identity numbers, GB 11643.

/// Why a number is not a resident ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResidentIdError {
    #[error("a resident ID has 18 characters, or 15 digits in the older form")]
    Form,
    #[error("the date of birth inside the number does not exist")]
    BirthDate,
    #[error("the check character does not fit the digits before it")]
    CheckCharacter,
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS: &[u8; 11] = b"10X98765432";

/// Checks a number and widens the 15-digit form (births of the 1900s) to 18 characters.
pub fn normalize(number: &str) -> Result<String, ResidentIdError> {
    let number = number.trim().to_ascii_uppercase();
    let bytes = number.as_bytes();
    let full = match bytes.len() {
        15 if bytes.iter().all(u8::is_ascii_digit) => {
            let mut wide = format!("{}19{}", &number[..6], &number[6..]);
            wide.push(check_character(wide.as_bytes()));
            wide
        }
        18 if bytes[..17].iter().all(u8::is_ascii_digit) => number,
        _ => return Err(ResidentIdError::Form),
    };
    if chrono::NaiveDate::parse_from_str(&full[6..14], "%Y%m%d").is_err() {
        return Err(ResidentIdError::BirthDate);
    }
    if full.as_bytes()[17] as char != check_character(&full.as_bytes()[..17]) {
        return Err(ResidentIdError::CheckCharacter);
    }
    Ok(full)
}

/// The eighteenth character for seventeen ASCII digits.
pub fn check_character(digits: &[u8]) -> char {
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECK_CHARACTERS[(sum % 11) as usize] as char
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: &str, expected: Result<&str, ResidentIdError>) {
        assert_eq!(normalize(number), expected.map(str::to_owned), "{number}");
    }

    #[test]
    fn numbers_are_checked_and_widened() {
        check("11010519491231002X", Ok("11010519491231002X"));
        check("11010519491231002x", Ok("11010519491231002X"));
        check("440524188001010014", Ok("440524188001010014"));
        check("440524188001010015", Err(ResidentIdError::CheckCharacter));
        check("110105194913310021", Err(ResidentIdError::BirthDate));
        check("110105491231002", Ok("11010519491231002X"));
        check("1101054912310", Err(ResidentIdError::Form));
        check("１１０１０５１９４９１２３１００２Ｘ", Err(ResidentIdError::Form));
        check("", Err(ResidentIdError::Form));
    }
}
