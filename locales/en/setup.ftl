# The guided set-up, and what settings say of languages, voices and who may call.
setup = Set-up
setup-progress = Set-up: { $done } of { $all } done
setup-go-on = Go on with the set-up
setup-state-done = Done
setup-state-skipped = Left for later
setup-state-open = To do
setup-skip = Skip for now
setup-finish = Finish the set-up
setup-finish-hint = What is left can be done later: this page stays at /desk/setup, and each thing has its own place in the menu.
done-setup-finished = The set-up is finished. What comes next stands below.
setup-restart = What is in the configuration file is in force when the server starts again:

setup-account = Your account
setup-account-done = You are logged in as an administrator.
setup-account-factor = Ask for a second factor at the log-in

setup-desk = Language and desk

setup-reach = Reachable securely
setup-reach-why = Browsers give the microphone to pages over HTTPS only, and to pages of the same machine.
setup-reach-here = Now this box answers in the clear, and this machine only: you can call here, nobody else can.
setup-reach-proxy = Callers come over HTTPS: a proxy before this box has the certificate.
setup-reach-self-signed = Callers come over HTTPS, with a certificate that this box has made. Each device has to be told once to trust it.
setup-reach-files = Callers come over HTTPS, with your own certificate.
setup-reach-trust = Open this on the device, and install it:
setup-reach-certificate = the certificate of this box
setup-reach-iphone = iPhone, iPad: install the profile in Settings, then switch it on under General, About, Certificate Trust Settings.
setup-reach-android = Android: Settings, Security, Encryption and credentials, Install a certificate, CA certificate.
setup-reach-computer = Computer: import it into the browser's or the system's list of authorities.
setup-reach-addresses = Then the device reaches this box at:
setup-reach-set = For callers on other machines, write one of these into the configuration file (config.toml in the data folder):
setup-reach-own-network = In your own network: a certificate that this box makes
setup-reach-own-certificate = On the internet: a certificate of your own
setup-reach-own-proxy = Behind a proxy that has the certificate
setup-reach-own-proxy-how = Set server.public_url, server.trusted_proxies and rtc.addresses; the documentation of the configuration says how.

setup-models = Models
engines-all = All that a call needs is loaded.
engines-missing = Some of what a call needs is missing. A set of models brings it together.
engines-go-on = Go on
setup-models-offline = Without a network: copy the files into the models folder. What there is, with sizes and checksums:

setup-call = A first call
setup-call-what = Talk with the agent here, as a caller would. The call is kept like any other, and may be deleted.
setup-call-not-yet = The agent cannot answer yet: what a call needs has to be there first. Fetch it in the step before, and use it.

setup-next = What comes next
setup-next-leads = Import leads
setup-next-script = Write a script
setup-next-team = Invite the team
setup-next-settings = Look at all settings

listen = Listen
settings-languages = Languages of the desk
settings-languages-all = All it speaks, English first
settings-languages-only = { $name } only
settings-languages-first = { $name } first, then { $others }
settings-languages-hint = For calls where neither the invitation nor the profile says a language. Who speaks another of them is followed into it.
settings-voice-en = Voice in English
settings-voice-ar = Voice in Arabic
settings-public = Anybody may call
settings-public-hint = Whoever can reach this box may call from its page, without a key or an invitation: in a room of their own, five calls at once from one address, then one every ten seconds.
settings-public-configured = The configuration decides this: change server.public_calls there.
