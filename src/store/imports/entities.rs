//! What can be imported: leads and customers.

use rusqlite::{Connection, Transaction};

use super::{Drafting, Importable, Imported, Seen, Step, Writable};
use crate::{
    domain::{PhoneNumber, Pii},
    store::{
        Change, Refusal, StoreError,
        audit::{Action, Entity},
        customers::{self, Customer, CustomerPatch},
        leads::{self, Lead, LeadPatch},
        list::Words,
    },
};

fn given(phone: &Option<Option<Pii<PhoneNumber>>>) -> Option<&PhoneNumber> {
    phone.as_ref().and_then(Option::as_ref).map(Pii::reveal)
}

impl Importable for LeadPatch {
    const IMPORTED: Imported = Imported::Leads;
    const ENTITY: Entity = Entity::Lead;
    type Row = Lead;

    fn key(&self) -> Option<(&'static str, String)> {
        given(&self.phone).map(|phone| ("phone", phone.to_string()))
    }

    fn there(&self, connection: &Connection) -> Result<Option<Lead>, StoreError> {
        Ok(given(&self.phone).map(|phone| leads::with_phone(connection, phone)).transpose()?.flatten())
    }

    fn differs(&self, connection: &Connection, there: Option<&Lead>) -> Result<bool, Refusal> {
        leads::try_patch(connection, there, self)
    }

    fn draft(&self, there: Option<&Lead>, drafting: &mut Drafting<'_>) -> Result<Step<Lead>, Refusal> {
        match there {
            None => leads::draft_new(self, drafting),
            Some(lead) => leads::draft_change(lead, self, drafting),
        }
    }

    fn write_now(&self, change: &Change<'_>, there: Option<&Lead>) -> Result<(), Refusal> {
        match there {
            None => leads::create_by(change, self, Action::Import).map(drop),
            Some(Lead { id, version, .. }) => {
                leads::update_by(change, id, Some(*version), self, Action::Import).map(drop)
            }
        }
    }
}

impl Writable for Lead {
    fn seen(&self) -> Seen {
        Seen { id: self.id.to_string(), version: self.version }
    }

    fn insert(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.insert(transaction, words)
    }

    fn update(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.update(transaction, words)
    }
}

impl Importable for CustomerPatch {
    const IMPORTED: Imported = Imported::Customers;
    const ENTITY: Entity = Entity::Customer;
    type Row = Customer;

    /// Two customers may share a telephone number, as long as they are called by different ids.
    fn key(&self) -> Option<(&'static str, String)> {
        match (&self.user_id, given(&self.phone)) {
            (Some(user_id), _) => Some(("userId", user_id.clone())),
            (None, phone) => phone.map(|phone| ("userPhone", phone.to_string())),
        }
    }

    fn there(&self, connection: &Connection) -> Result<Option<Customer>, StoreError> {
        match (&self.user_id, given(&self.phone)) {
            (Some(user_id), _) => customers::with_user_id(connection, user_id),
            (None, Some(phone)) => customers::with_phone(connection, phone),
            (None, None) => Ok(None),
        }
    }

    fn differs(&self, connection: &Connection, there: Option<&Customer>) -> Result<bool, Refusal> {
        customers::try_patch(connection, there, self)
    }

    fn draft(&self, there: Option<&Customer>, drafting: &mut Drafting<'_>) -> Result<Step<Customer>, Refusal> {
        match there {
            None => customers::draft_new(self, drafting),
            Some(customer) => customers::draft_change(customer, self, drafting),
        }
    }

    fn write_now(&self, change: &Change<'_>, there: Option<&Customer>) -> Result<(), Refusal> {
        match there {
            None => customers::create_by(change, self, Action::Import).map(drop),
            Some(Customer { id, version, .. }) => {
                customers::update_by(change, id, Some(*version), self, Action::Import).map(drop)
            }
        }
    }
}

impl Writable for Customer {
    fn seen(&self) -> Seen {
        Seen { id: self.id.to_string(), version: self.version }
    }

    fn insert(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.insert(transaction, words)
    }

    fn update(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.update(transaction, words)
    }
}
