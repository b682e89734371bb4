# Leads: people that the desk may win.
lead-new = New lead
lead-name = Name
lead-phone = Telephone
lead-phone-hint = With the country's code, or as it is dialled in the desk's country.
lead-email = E-mail address
lead-company = Company
lead-status = Status
lead-status-new = New
lead-status-contacted = Contacted
lead-status-qualified = Qualified
lead-status-won = Won
lead-status-lost = Lost
lead-status-do-not-call = Do not call
lead-source = Source
lead-language = Language
lead-script = Script
lead-notes = Notes
lead-search = Name, number, company, notes
lead-delete-sure = Delete this lead? What was said with them is kept, and for an hour you can undo it on the next page.
leads-empty = There are no leads yet. Add the first one, or import a list.

