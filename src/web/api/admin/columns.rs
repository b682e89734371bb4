//! Which column of a sheet is which field: by what people call it in English or Arabic, or as the request says.

use serde_json::{Map, Value};

use crate::domain::fold;

/// A field, and what its column may be called besides.
pub(super) type Field = (&'static str, &'static [&'static str]);

/// Fields of a lead.
pub(super) const LEADS: &[Field] = &[
    (
        "name",
        &["full name", "contact", "contact name", "lead", "customer name", "الاسم", "اسم", "الاسم الكامل", "اسم العميل"],
    ),
    (
        "phone",
        &[
            "phone number",
            "telephone",
            "telephone number",
            "tel",
            "mobile",
            "mobile number",
            "cell",
            "الهاتف",
            "هاتف",
            "رقم الهاتف",
            "الجوال",
            "جوال",
            "رقم الجوال",
            "الموبايل",
            "موبايل",
            "رقم الموبايل",
            "تليفون",
            "التليفون",
        ],
    ),
    ("email", &["e-mail", "mail", "e-mail address", "البريد", "البريد الإلكتروني", "بريد إلكتروني", "الإيميل", "ايميل"]),
    ("company", &["organisation", "organization", "employer", "الشركة", "شركة", "جهة العمل", "المؤسسة"]),
    ("status", &["state", "stage", "الحالة", "حالة"]),
    ("source", &["origin", "lead source", "channel", "المصدر", "مصدر"]),
    ("language", &["lang", "اللغة", "لغة"]),
    ("scriptId", &["script"]),
    ("notes", &["note", "comment", "comments", "remarks", "ملاحظات", "الملاحظات", "ملاحظة", "تعليق"]),
];

/// Fields of a customer.
pub(super) const CUSTOMERS: &[Field] = &[
    (
        "userId",
        &[
            "customer id",
            "customer number",
            "account",
            "account number",
            "account id",
            "رقم العميل",
            "رقم الحساب",
            "المعرف",
            "الرقم التعريفي",
        ],
    ),
    ("userName", &["name", "full name", "customer", "customer name", "الاسم", "اسم", "الاسم الكامل", "اسم العميل"]),
    (
        "userPhone",
        &[
            "phone",
            "phone number",
            "telephone",
            "telephone number",
            "tel",
            "mobile",
            "mobile number",
            "cell",
            "الهاتف",
            "هاتف",
            "رقم الهاتف",
            "الجوال",
            "جوال",
            "رقم الجوال",
            "الموبايل",
            "موبايل",
            "رقم الموبايل",
            "تليفون",
            "التليفون",
        ],
    ),
    (
        "creditCardNumber",
        &["card", "card number", "credit card", "رقم البطاقة", "البطاقة", "بطاقة الائتمان", "رقم بطاقة الائتمان"],
    ),
    ("bank", &["bank name", "البنك", "بنك", "اسم البنك", "المصرف"]),
    (
        "amountDue",
        &["amount", "balance", "due", "due amount", "debt", "المبلغ", "المبلغ المستحق", "المستحق", "الرصيد", "الدين"],
    ),
    ("dueMonth", &["month", "شهر الاستحقاق", "الشهر"]),
    (
        "overduePeriodInDays",
        &[
            "overdue",
            "overdue days",
            "days overdue",
            "overdue period",
            "أيام التأخير",
            "مدة التأخير",
            "فترة التأخير",
            "عدد أيام التأخير",
        ],
    ),
    ("language", &["lang", "اللغة", "لغة"]),
    ("scriptId", &["script"]),
    ("notes", &["note", "comment", "comments", "remarks", "ملاحظات", "الملاحظات", "ملاحظة", "تعليق"]),
];

/// For each column its field, if it has one; no two have the same. What `mapping` says of a column goes before its name.
///
/// # Errors
/// What is wrong with `mapping`.
pub(super) fn assign(
    columns: &[String],
    fields: &[Field],
    mapping: &Map<String, Value>,
) -> Result<Vec<Option<&'static str>>, String> {
    let mut assigned: Vec<Option<&'static str>> = vec![None; columns.len()];
    let mut is_told = vec![false; columns.len()];
    for (column, field) in mapping {
        let at = columns.iter().position(|name| fold(name) == fold(column));
        let at = at.ok_or("names a column that the file does not have")?;
        is_told[at] = true;
        assigned[at] = match field {
            Value::Null => None,
            Value::String(name) => Some(named(fields, name).ok_or("names a field that is not known")?),
            _ => return Err("must give a field's name, or null, for each column".to_owned()),
        };
        if assigned[at].is_some() && assigned.iter().filter(|field| **field == assigned[at]).count() > 1 {
            return Err("gives two columns the same field".to_owned());
        }
    }
    // A field's own name goes before other words for it.
    for by_own_name in [true, false] {
        for (at, column) in columns.iter().enumerate() {
            let fits = |(field, others): &&Field| {
                let asked = key(column);
                if by_own_name { key(field) == asked } else { others.iter().any(|other| key(other) == asked) }
            };
            let Some((field, _)) = fields.iter().find(fits) else { continue };
            if !is_told[at] && assigned[at].is_none() && !assigned.contains(&Some(*field)) {
                assigned[at] = Some(field);
            }
        }
    }
    Ok(assigned)
}

fn named(fields: &[Field], name: &str) -> Option<&'static str> {
    fields.iter().map(|(field, _)| *field).find(|field| key(field) == key(name))
}

/// `userId`, `User ID` and `user_id` are one.
fn key(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(columns: &str, fields: &[Field], mapping: Value) -> Result<String, String> {
        let columns: Vec<_> = columns.split(',').map(str::to_owned).collect();
        let assigned = assign(&columns, fields, mapping.as_object().unwrap())?;
        Ok(assigned.iter().map(|field| field.unwrap_or("-")).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn columns_are_known_by_what_people_call_them() {
        for (columns, fields, assigned) in [
            ("Name,PHONE NUMBER,E-Mail,Age", LEADS, "name,phone,email,-"),
            ("الإسم,رقم الهاتف,الشركه,ملاحظات", LEADS, "name,phone,company,notes"),
            ("user_id,Name,userName,Phone", CUSTOMERS, "userId,-,userName,userPhone"),
            ("رقم العميل,الاسم,المبلغ المستحق,ايام التاخير", CUSTOMERS, "userId,userName,amountDue,overduePeriodInDays"),
            (",,", LEADS, "-,-,-"),
        ] {
            assert_eq!(found(columns, fields, json!({})).as_deref(), Ok(assigned), "{columns}");
        }
    }

    #[test]
    fn what_the_request_says_goes_first() {
        for (mapping, assigned) in [
            (json!({ "Who": "name" }), Ok("name,-,phone")),
            (json!({ "who": "name", "tel": null }), Ok("name,-,-")),
            (json!({ "Who": "phone" }), Ok("phone,name,-")),
            (json!({ "Where": "name" }), Err("names a column that the file does not have")),
            (json!({ "Who": "age" }), Err("names a field that is not known")),
            (json!({ "Who": "name", "Name": "name" }), Err("gives two columns the same field")),
            (json!({ "Who": 1 }), Err("must give a field's name, or null, for each column")),
        ] {
            let found = found("Who,Name,Tel", LEADS, mapping.clone());
            assert_eq!(found.as_deref().map_err(String::as_str), assigned, "{mapping}");
        }
    }
}
