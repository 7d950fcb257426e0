//! A look at the time in every loop of an expression, for an interpreter that knows no interruption.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

/// True as long as there is time, and not there afterwards, which ends the evaluation. No expression can name it: it is no name of
/// the language.
pub(super) const TURN: &str = "@turn";

/// Makes every loop look at the time at each of its turns.
pub(super) fn every_loop(at: &mut IdedExpr) {
    match &mut at.expr {
        Expr::Call(call) => call.target.iter_mut().map(Box::as_mut).chain(&mut call.args).for_each(every_loop),
        Expr::List(list) => list.elements.iter_mut().for_each(every_loop),
        Expr::Select(select) => every_loop(&mut select.operand),
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| every_loop_of(&mut entry.expr)),
        Expr::Struct(fields) => fields.entries.iter_mut().for_each(|entry| every_loop_of(&mut entry.expr)),
        Expr::Comprehension(inner) => {
            let parts = [&mut inner.iter_range, &mut inner.accu_init, &mut inner.loop_cond, &mut inner.loop_step, &mut inner.result];
            parts.into_iter().for_each(every_loop);
            watch_loop(inner);
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}

fn every_loop_of(entry: &mut EntryExpr) {
    match entry {
        EntryExpr::MapEntry(entry) => {
            every_loop(&mut entry.key);
            every_loop(&mut entry.value);
        }
        EntryExpr::StructField(field) => every_loop(&mut field.value),
    }
}

/// The interpreter knows `map` and `filter` by their form and builds their lists in one piece: their condition must stay a literal
/// and their step an addition, so the look goes into what is added, or into what decides whether it is.
fn watch_loop(inner: &mut ComprehensionExpr) {
    let built = matches!(inner.loop_cond.expr, Expr::Literal(_));
    let each_turn = match &mut inner.loop_step.expr {
        Expr::Call(step) if built && step.func_name == operators::CONDITIONAL => step.args.first_mut(),
        Expr::Call(step) if built && step.func_name == operators::ADD => match step.args.get_mut(1).map(|added| &mut added.expr) {
            Some(Expr::List(added)) => added.elements.first_mut(),
            _ => None,
        },
        _ => None,
    };
    let each_turn = each_turn.unwrap_or(&mut inner.loop_cond);
    let (id, watched) = (each_turn.id, std::mem::take(each_turn));
    let expr = |expr| IdedExpr { id, expr };
    let args = vec![expr(Expr::Ident(TURN.to_owned())), watched, expr(Expr::Literal(LiteralValue::Null))];
    *each_turn = expr(Expr::Call(CallExpr { func_name: operators::CONDITIONAL.to_owned(), target: None, args }));
}
