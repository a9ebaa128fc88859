"""What is wrong with a wish, in Indonesian: the domain's own hints, said again.

A hint stands in English where its rule is. With `{}` in the places of its values it is the key of
its translation here, in which `{0}`, `{1}` stand for them.
"""

import re
from collections.abc import Mapping
from typing import Final

HINTS: Final[Mapping[str, str]] = {
    "a child is registered after birth": "anak didaftarkan setelah lahir",
    "a contract ends on its first day or later": (
        "hari terakhir kontrak tidak boleh sebelum hari pertamanya"
    ),
    "a facility is not told of {}; it may know {}": (
        "fasilitas kesehatan tidak menerima kabar {0}; yang boleh: {1}"
    ),
    "a fine is not collected before the stay begins": (
        "denda tidak mungkin diterima sebelum rawat inap dimulai"
    ),
    "a grade (golongan) is 1 to 4": "golongan ditulis 1 sampai 4",
    "a letter ends on its first day or later": (
        "hari terakhir surat tidak boleh sebelum hari pertamanya"
    ),
    "a letter is issued when the care begins, not before": (
        "SEP diterbitkan saat pelayanan dimulai, bukan sebelumnya"
    ),
    "a letter of eligibility is for advanced care": "SEP hanya untuk pelayanan tingkat lanjutan",
    "a pensioner has a pension, and nobody else": (
        "isi uang pensiun untuk penerima pensiun, dan hanya untuknya"
    ),
    "a plan is for a suspended family, or one that changed segment, without another plan": (
        "cicilan (REHAB) hanya untuk keluarga yang nonaktif atau pindah segmen, dan belum punya "
        "rencana cicilan lain"
    ),
    "a plan is for {} months or more, not {}": (
        "cicilan (REHAB) untuk tunggakan paling sedikit {0} bulan; tunggakan ini {1} bulan"
    ),
    "a plan is for {} to {} months, not {}": (
        "cicilan (REHAB) untuk tunggakan {0} sampai {1} bulan; tunggakan ini {2} bulan"
    ),
    "a regional government pays for PBPU Pemda, and for no other": (
        "pemerintah daerah hanya membayar segmen PBPU Pemda"
    ),
    "a sponsorship ends with this month or a later one": "pilih bulan ini atau bulan berikutnya",
    "a state employee has a grade (golongan) of 1 to 4": (
        "isi golongan 1 sampai 4 untuk pegawai negara"
    ),
    "a {} is not of the level {}": "{0} bukan fasilitas tingkat {1}",
    "a resignation does not count": "pengunduran diri bukan PHK",
    "advanced care needs a letter of eligibility": "pelayanan tingkat lanjutan memerlukan SEP",
    "an employer or the state pays for one of them: that cover stays as it is, whatever the family "
    "card says; move him when the family pays for him": (
        "salah satu di antaranya dibayari pemberi kerja atau negara; ia baru dapat pindah setelah "
        "keluarganya sendiri yang membayar"
    ),
    "an approved letter of inability has to speak for a stay in class III": (
        "diperlukan surat keterangan tidak mampu yang disetujui, untuk rawat inap kelas III"
    ),
    "ask for more than zero rupiah": "isi lebih dari nol rupiah",
    "ask in the last month that is paid or later": (
        "ajukan pada bulan terakhir yang dibayar atau sesudahnya"
    ),
    "choose 0 to {} days": "pilih 0 sampai {0} hari",
    "choose 1 to {}": "pilih 1 sampai {0}",
    "choose 1 to {}; 1 is tried first": "pilih 1 sampai {0}; 1 dicoba paling dulu",
    "choose a day at most {} days ahead": "pilih hari paling jauh {0} hari ke depan",
    "choose a time at which people are awake (08:00 to 19:59)": (
        "pilih waktu ketika orang terjaga (08.00 sampai 19.59)"
    ),
    "choose id or en": "pilih id atau en",
    "choose one of {}": "pilih salah satu: {0}",
    "choose {} to {} steps, not {}": "pilih {0} sampai {1} kali cicilan, bukan {2}",
    "choose {} to {} steps of at least {} rupiah, not {}": (
        "pilih {0} sampai {1} kali cicilan, masing-masing paling sedikit Rp{2}, bukan {3} kali"
    ),
    "choose {} steps, not {}": "pilih {0} kali cicilan, bukan {1}",
    "choose {} to {} for {}": "pilih {0} sampai {1} untuk {2}",
    "claim more than zero rupiah": "klaim lebih dari nol rupiah",
    "digits 7 to 12 must be a birth date (day +40 for women)": (
        "digit ke-7 sampai ke-12 NIK harus tanggal lahir (untuk perempuan tanggal +40)"
    ),
    "estimate the package tariff of the stay": "isi perkiraan tarif paket rawat inap",
    "family {} does not pay for itself; register it or move it first": (
        "keluarga yang dituju belum membayar sendiri; daftarkan atau pindahkan segmennya dulu"
    ),
    "family {} has not begun: it makes its first payment first": (
        "salah satu keluarga belum melakukan pembayaran pertama; lakukan itu dulu"
    ),
    "family {} pays its arrears in steps; that ends first": (
        "salah satu keluarga masih mencicil tunggakan (REHAB); selesaikan itu dulu"
    ),
    "family {} has no membership {}": "kepesertaan ini bukan milik keluarga tersebut",
    "give 1 to {}": "beri nilai 1 sampai {0}",
    "give its kind and its SHA-256": "isi jenis dokumen dan SHA-256-nya",
    "give no offset: it is the time where the family lives": (
        "tulis tanpa zona waktu: yang berlaku waktu setempat keluarga"
    ),
    "give the first position, too": "isi juga posisi pertama",
    "it was given before": "manfaat ini sudah pernah diberikan",
    "it would have ended with {}": "manfaatnya sudah berakhir pada {0}",
    "it looks like no payment under another reference": (
        "tidak mirip pembayaran mana pun dengan referensi lain; pilih hasil yang lain"
    ),
    "its holder belongs to another family card from {} on; name the number of somebody who stays, "
    "or give the mandate there from that day": (
        "pemegangnya pindah kartu keluarga mulai {0}; pakai nomor anggota yang tetap, atau beri "
        "kuasa di sana mulai hari itu"
    ),
    "must not be empty": "wajib diisi",
    "name a host, and neither a user nor a fragment": (
        "tulis nama host, tanpa nama pengguna dan tanpa #fragmen"
    ),
    "name a living person on this family's card": (
        "pilih orang yang masih hidup pada kartu keluarga ini"
    ),
    "name a registered family or a new family card, one of them": (
        "isi keluarga yang terdaftar atau kartu keluarga baru, salah satu saja"
    ),
    "name a rule of the write-offs": "isi salah satu aturan penghapusan tunggakan",
    "name an employer or a region, and not both": (
        "isi pemberi kerja atau wilayah, salah satu saja"
    ),
    "name at most {} kinds": "sebutkan paling banyak {0} jenis",
    "name at most {} people": "sebutkan paling banyak {0} orang",
    "name at most {} services": "sebutkan paling banyak {0} layanan",
    "name each channel once, the first first": (
        "sebutkan setiap kanal sekali, yang utama lebih dulu"
    ),
    "name exactly one head of the family": "tetapkan tepat satu kepala keluarga",
    "name exactly one head of the new family": "tetapkan tepat satu kepala keluarga baru",
    "name one of the exclusions of Perpres 59/2024": (
        "pilih salah satu pelayanan yang tidak dijamin menurut Perpres 59/2024"
    ),
    "name papers of {}": "pilih dokumen dari: {0}",
    "name people of this family, each once": "sebutkan anggota keluarga ini, masing-masing sekali",
    "name the college, who brought it and who saw it": (
        "isi nama perguruan tinggi, siapa yang membawa surat, dan siapa yang memeriksanya"
    ),
    "name the paper in 1 to 200 letters": "sebutkan dokumennya dalam 1 sampai 200 huruf",
    "name who moves": "sebutkan siapa yang pindah",
    "no plan runs that could be given up": "tidak ada rencana cicilan (REHAB) yang sedang berjalan",
    "no family has this number": "tidak ada keluarga dengan nomor ini",
    "no family has this virtual account": "tidak ada keluarga dengan nomor virtual account ini",
    "nobody is left in this membership": "tidak ada lagi peserta dalam kepesertaan ini",
    "notices of the legal status cannot be switched off; change their channel": (
        "pemberitahuan status kepesertaan tidak dapat dimatikan; ubah kanalnya"
    ),
    "one of them is on the way here; he can move on from the 1st": (
        "salah satu di antaranya sedang pindah ke sini; ia dapat pindah lagi mulai tanggal 1"
    ),
    "one of them has died": "salah satu di antaranya sudah meninggal",
    "only {} pay by virtual account": "hanya {0} yang membayar lewat virtual account",
    "participant {} is not insured here": "peserta {0} tidak tercatat dalam kepesertaan ini",
    "positions begin with 1": "posisi dimulai dari 1",
    "positions begin with 1; 0 tells all": "posisi dimulai dari 1; 0 berarti semuanya",
    "record a transfer when it has arrived": "catat transfer setelah dananya masuk",
    "record it when it has been collected": "catat setelah denda diterima",
    "record more than zero rupiah": "isi lebih dari nol rupiah",
    "register 1 to {} people of the card": "daftarkan 1 sampai {0} orang dari kartu keluarga",
    "register on the 1st to the {}th of a month": "daftarkan pada tanggal 1 sampai {0}",
    "report it when it has happened": "laporkan setelah terjadi",
    "resend at most {}; `iuran webhooks replay` takes any number": (
        "kirim ulang paling banyak {0}; `iuran webhooks replay` tanpa batas"
    ),
    "say what happened in 1 to {} letters": "jelaskan kejadiannya dalam 1 sampai {0} huruf",
    "say who asks, who verified, and why": (
        "isi siapa yang meminta, siapa yang memeriksa, dan alasannya"
    ),
    "say who computes": "isi siapa yang menghitung",
    "say who does it, in 1 to {} letters": "isi siapa yang melakukannya, 1 sampai {0} huruf",
    "say who looked at the papers": "isi siapa yang memeriksa berkas",
    "say who proposes it, and why": "isi siapa yang mengusulkan dan alasannya",
    "say who proposes the tariff, and why": "isi siapa yang mengusulkan tarif dan alasannya",
    "say who proposes the write-off, and why": (
        "isi siapa yang mengusulkan penghapusan dan alasannya"
    ),
    "say who proposes, who approves, and why": (
        "isi siapa yang mengusulkan, siapa yang menyetujui, dan alasannya"
    ),
    "say who refuses, and why": "isi siapa yang menolak dan alasannya",
    "say who reports and why": "isi siapa yang melapor dan alasannya",
    "say why, in 1 to {} characters": "tulis alasannya, 1 sampai {0} karakter",
    "say why, in 1 to {} letters": "tulis alasannya, 1 sampai {0} huruf",
    "somebody moves to or from this family card; wait for the 1st": (
        "ada yang pindah dari atau ke kartu keluarga ini; tunggu tanggal 1"
    ),
    "the bank debits the number of participant {} for the family that is left; revoke that mandate "
    "first": "bank mendebit nomor salah satu dari mereka untuk keluarga asal; cabut kuasanya dulu",
    "the employment runs; report its end first": (
        "hubungan kerja masih berjalan; laporkan dulu berakhirnya"
    ),
    "the employment began in {}": "hubungan kerja baru dimulai pada {0}",
    "the family has no such membership": "keluarga ini tidak memiliki kepesertaan tersebut",
    "the family that they join has a head": "keluarga yang dituju sudah memiliki kepala keluarga",
    "the first is 1 or more, and not after the last": (
        "posisi pertama paling kecil 1 dan tidak melebihi posisi terakhir"
    ),
    "the participant has no such letter": "peserta ini tidak memiliki SEP tersebut",
    "the serial, its last four digits, starts at 0001": (
        "empat digit terakhir NIK dimulai dari 0001"
    ),
    "their membership has changed meanwhile; look again": (
        "kepesertaan mereka sudah berubah; muat ulang datanya"
    ),
    "there are {} webhooks; that is the limit": "sudah ada {0} webhook; itu batasnya",
    "there is no kind {}; kinds are {}": "tidak ada jenis {0}; pilihannya: {1}",
    "they are in different memberships; move them apart": (
        "mereka berada dalam kepesertaan yang berbeda; pindahkan satu per satu"
    ),
    "they are of this family already": "mereka sudah anggota keluarga ini",
    "this is no ID of this API; pass one on exactly as it was given": (
        "ini bukan ID dari API ini; kirimkan persis seperti yang diterima"
    ),
    "this is the ID of a {}; give that of a {}": "ini ID {0}; yang diperlukan ID {1}",
    "this is the family's number already": "nomor ini sudah menjadi nomor keluarga tersebut",
    "this letter has run out; bring a newer one": "masa berlaku surat ini habis; bawa yang baru",
    "this membership is none of a layoff, or was ended": (
        "kepesertaan ini bukan kepesertaan setelah PHK, atau sudah diakhiri"
    ),
    "this person is no child of the family": "orang ini bukan anak dalam keluarga tersebut",
    "this person is not in the family": "orang ini bukan anggota keluarga tersebut",
    "this person is not in the membership": "orang ini tidak tercatat dalam kepesertaan tersebut",
    "this person is the payer already": "orang ini sudah menjadi penanggung",
    "this value cannot be empty": "isian ini tidak boleh kosong",
    "verify 1 rupiah up to the amount that was claimed": (
        "isi 1 rupiah sampai sebesar jumlah yang diklaim"
    ),
    "worker and additional members are enrolled people": (
        "pekerja dan anggota tambahan harus peserta yang terdaftar"
    ),
    "write 00, or the 2 digits of a province, 4 of a regency": (
        "tulis 00, 2 digit provinsi, atau 4 digit kabupaten/kota"
    ),
    "write 1 to {} characters": "tulis 1 sampai {0} karakter",
    "write 1 to {} letters": "tulis 1 sampai {0} huruf",
    "write 1 to {} printable letters": "tulis 1 sampai {0} huruf yang dapat dicetak",
    "write 19 characters such as 0301R0010326V000001": (
        "tulis 19 karakter seperti 0301R0010326V000001"
    ),
    "write 2 to 40 of a-z, 0-9 and -, a letter first": (
        "tulis 2 sampai 40 karakter a-z, 0-9 dan -, diawali huruf"
    ),
    "write 8 to 64 visible ASCII characters, such as a UUID": (
        "tulis 8 sampai 64 karakter ASCII tanpa spasi, misalnya UUID"
    ),
    'write HH:MM, such as "09:00"': 'tulis JJ:MM, misalnya "09:00"',
    "write a code of ICD-10 such as E11.9": "tulis kode ICD-10, misalnya E11.9",
    "write a date as YYYY-MM-DD, a sex as F or M": (
        "tulis tanggal sebagai TTTT-BB-HH, jenis kelamin sebagai F atau M"
    ),
    "write a day from {} to today": "tulis tanggal dari {0} sampai hari ini",
    "write a day of the years {} to {}": "tulis tanggal dalam tahun {0} sampai {1}",
    "write a month from {} and before {}": "tulis bulan mulai {0} dan sebelum {1}",
    "write a month from {} to {}": "tulis bulan dari {0} sampai {1}",
    "write a monthly wage of {} to {} rupiah": "tulis upah bulanan {0} sampai {1} rupiah",
    "write a name of 1 to {} letters": "tulis nama dengan 1 sampai {0} huruf",
    "write a position of the log, a whole number": "tulis posisi log berupa bilangan bulat",
    "write a sex as FEMALE or MALE": "tulis jenis kelamin FEMALE atau MALE",
    "write a telephone number such as 081200001234": "tulis nomor telepon, misalnya 081200001234",
    "write at most {} ASCII signs": "tulis paling banyak {0} karakter ASCII",
    "write at most {} characters": "tulis paling banyak {0} karakter",
    "write codes such as HAEMODIALYSIS, 2 to 40 characters": (
        "tulis kode seperti HAEMODIALYSIS, 2 sampai 40 karakter"
    ),
    "write https://...; http only to this machine in a demo": (
        "tulis https://...; http hanya ke mesin ini dalam demo"
    ),
    "write letters, digits and signs, no control characters": (
        "tulis huruf, angka, dan tanda baca, tanpa karakter kontrol"
    ),
    "write one address such as name@example.org": "tulis satu alamat seperti nama@example.org",
    "write something here; leave out what may be left out": (
        "wajib diisi; kosongkan hanya isian yang boleh tidak dikirim"
    ),
    "write the 11 or 16 digits of the account": "tulis 11 atau 16 digit nomor virtual account",
    "write the 13 digits on the card, zeros included": (
        "tulis 13 digit pada kartu, termasuk angka nol di depan"
    ),
    "write the 16 digits of the family card (KK)": "tulis 16 digit nomor kartu keluarga (KK)",
    "write the 16 digits of the population number": "tulis 16 digit NIK",
    "write the 4 digits of the regency or city": "tulis 4 digit kode kabupaten/kota",
    "write the 6 to 20 digits of the bank account": "tulis 6 sampai 20 digit nomor rekening",
    "write the 8 characters of the facility (PPK)": "tulis 8 karakter kode PPK",
    "write the bank's reference of the transfer": "tulis nomor referensi transfer dari bank",
    "write the name of the government": "tulis nama pemerintah daerah",
    "write the name, bank and account of who gets it back": (
        "tulis nama, bank, dan nomor rekening penerima pengembalian"
    ),
    "write where the mandate was signed": "tulis tempat surat kuasa ditandatangani",
    "{} comes by itself; record another one": "{0} tercatat dengan sendirinya; catat tahap lain",
    "{} does not reach the fine of this stay": "{0} tidak mencakup denda rawat inap ini",
    "{} is over; choose today or a later day": "{0} sudah lewat; pilih hari ini atau sesudahnya",
}


def indonesian(hint: str) -> str | None:
    """Say a hint in Indonesian; None for one that is not known here."""
    exact = HINTS.get(hint)
    if exact is not None:
        return exact
    for pattern, translation in _TEMPLATES:
        found = pattern.fullmatch(hint)
        if found is not None:
            return translation.format(*found.groups())
    return None


def _template(hint: str) -> re.Pattern[str]:
    return re.compile("(.+)".join(map(re.escape, hint.split("{}"))))


_TEMPLATES: Final = tuple(
    (_template(hint), HINTS[hint]) for hint in sorted(HINTS, key=len, reverse=True) if "{}" in hint
)
"""The longer ones first: they say more of what they match."""
