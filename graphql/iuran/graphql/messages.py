"""What problems say to people, in Indonesian and in English, by the code of the DomainError.

Each refusal of the domain speaks English already, with its values, where its rule is; this is the
same in Indonesian, with the error's own values in braces. English stands here only where the
domain's words are for somebody at a terminal.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import cast

from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.identifiers import mask_numbers_in
from iuran.graphql.hints import indonesian
from iuran.graphql.inputs import camel
from iuran.graphql.languages import Language


@dataclass(frozen=True, slots=True)
class Message:
    """One refusal in two languages; `english` is None where the domain's own words serve."""

    indonesian: str
    english: str | None = None


def message_of(error: DomainError, language: Language) -> str:
    """Tell of an error in a language, with no whole number of a person in it."""
    if isinstance(error, InvalidInputError):
        return mask_numbers_in(_about_a_field(error, language))
    message = MESSAGES.get(error.code)
    hint = indonesian(str(error)) if language is Language.INDONESIAN else None
    template = _template(message, language)
    if hint is not None:
        return mask_numbers_in(f"{hint[0].upper()}{hint[1:]}.")
    if template is None:
        return mask_numbers_in(str(error))
    values = {name: _shown(value, language) for name, value in vars(error).items()}
    return mask_numbers_in(template.format_map(values))


def _about_a_field(error: InvalidInputError, language: Language) -> str:
    name = camel(error.field)
    if language is Language.ENGLISH:
        return f"{name}: {error.message}"
    hint = indonesian(error.message)
    if hint is None:
        return MESSAGES[error.code].indonesian.format(field=name)
    return f"{name}: {hint}."


def _template(message: Message | None, language: Language) -> str | None:
    if message is None:
        return None
    return message.indonesian if language is Language.INDONESIAN else message.english


def _shown(value: object, language: Language) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    if isinstance(value, AbstractSet):
        # Documents and the like: texts.
        return ", ".join(sorted(cast("AbstractSet[str]", value)))
    if language is Language.INDONESIAN:
        return indonesian(str(value)) or str(value)
    return str(value)


MESSAGES: Mapping[str, Message] = {
    "ALREADY_INSURED": Message(
        "Peserta ini masih tercatat pada kepesertaan lain; akhiri dulu kepesertaan tersebut."
    ),
    "ALREADY_REGISTERED": Message("Data pada kolom {field} sudah terdaftar; periksa kembali."),
    "CANNOT_MOVE": Message(
        "Peserta belum dapat pindah ke kartu keluarga ini; periksa kepesertaan, cicilan (REHAB), "
        "dan kuasa autodebet kedua keluarga."
    ),
    "CAPITATION_OUT_OF_RANGE": Message(
        "Tarif kapitasi di luar batas peraturan; periksa batas untuk jenis fasilitas ini."
    ),
    "CARE_NOT_COVERED": Message("Pelayanan ini tidak dijamin; klaim hanya dapat ditolak."),
    "CARE_NOT_GIVEN_YET": Message("Pelayanan tidak mungkin diberikan pada tanggal {served_on}."),
    "CARE_NUMBER_UNKNOWN": Message(
        "Nomor SEP atau kunjungan {care_number} tidak ditemukan pada keluarga ini."
    ),
    "CHANGE_APPROVED": Message("Usulan ini sudah disetujui sebelumnya."),
    "CHANGE_NOT_FOUND": Message("Tidak ada usulan seperti ini yang menunggu persetujuan."),
    "CHANGE_TOO_LATE": Message(
        "Tanggal {effective_from} sudah dimulai; usulkan perubahan untuk tanggal berikutnya."
    ),
    "CHANNEL_UNKNOWN": Message(
        "Kode bank atau kanal pembayaran tidak dikenal; pilih yang lain.",
        "there is no bank or channel with this code; choose another",
    ),
    "CLAIM_COMPLETE_BY_SILENCE": Message(
        "Klaim dinyatakan lengkap sejak {last_day}; ajukan pertanyaan sebagai gantinya."
    ),
    "CLAIM_NOT_APPROVED": Message("Klaim belum disetujui; harus diputuskan oleh dua orang."),
    "CLAIM_STEP_IMPOSSIBLE": Message("Klaim berstatus {state} tidak dapat menjadi {to}."),
    "CLAIM_UNKNOWN": Message("Klaim tidak ditemukan; cari kembali."),
    "CLASS_CHANGE_IN_ARREARS": Message(
        "Lunasi dulu tunggakan {arrears_months} bulan sebelum mengubah kelas rawat."
    ),
    "CLASS_CHANGE_TOO_EARLY": Message(
        "Kelas rawat dapat diubah mulai {possible_from}, satu tahun setelah perubahan terakhir."
    ),
    "COMPLAINT_STEP_IMPOSSIBLE": Message(
        "Pengaduan berstatus {state}; langkah ini tidak dapat dilakukan."
    ),
    "COMPLAINT_UNKNOWN": Message("Pengaduan tidak ditemukan; periksa kembali nomornya."),
    "COVERED_BY_CAPITATION": Message(
        "Rawat jalan tingkat pertama sudah dibayar dengan kapitasi; tidak dapat diklaim lagi."
    ),
    "DISPUTE_BOOKED": Message(
        "Semua uang menurut bank untuk {reference} sudah dibukukan; tutup dengan hasil lain."
    ),
    "DISPUTE_CLOSED": Message("Selisih {dispute_id} sudah ditutup sebelumnya."),
    "DISPUTE_UNKNOWN": Message("Tidak ada selisih nomor {dispute_id}; periksa daftarnya."),
    "DOCUMENTS_MISSING": Message("Lengkapi dokumen klaim yang masih kurang: {documents}."),
    "EMPLOYER_UNKNOWN": Message("Pemberi kerja belum terdaftar; daftarkan terlebih dahulu."),
    "EMPLOYMENT_ENDED": Message(
        "Hubungan kerja berakhir pada {last_month}; laporkan hubungan kerja yang baru."
    ),
    "JOB_NOT_DEAD": Message(
        "Tidak ada pekerjaan gagal seperti itu; `deadJobs` menampilkan yang gagal."
    ),
    "LAYOFF_PAPERS_MISSING": Message("Lengkapi bukti PHK: {papers}."),
    "MEMBERSHIP_NOT_BEGUN": Message(
        "Kepesertaan masih menunggu pembayaran pertama; tidak ada yang dapat diakhiri."
    ),
    "NO_FINE": Message("Rawat inap ini tidak dikenai denda; kembalikan uangnya."),
    "NOT_LAID_OFF": Message("Manfaat setelah PHK tidak dapat diberikan: {why}."),
    "EMPLOYMENT_UNKNOWN": Message("Belum ada hubungan kerja; laporkan dulu mulainya."),
    "FACILITY_CHANGE_TOO_SOON": Message(
        "FKTP dapat diganti mulai {possible_from}; lebih cepat hanya karena pindah domisili, "
        "penugasan, atau redistribusi."
    ),
    "FACILITY_UNKNOWN": Message(
        "Tidak ada fasilitas kesehatan dengan kode {facility_code}; cari menurut lokasi."
    ),
    "FINE_AMOUNT": Message("Denda rawat inap ini {amount}; terima tepat sejumlah itu."),
    "FINE_PAID": Message(
        "Denda rawat inap ini sudah dibayar pada {paid_on}; pembayaran kedua harus dikembalikan."
    ),
    "FINE_REFERENCE": Message(
        "Nomor referensi ini milik pembayaran lain; salin dari bukti pembayaran denda."
    ),
    "FINE_TOO_LATE": Message(
        "Denda harus diterima paling lambat {pay_by}; isi waktu pada bukti pembayaran, atau "
        "kembalikan uangnya."
    ),
    "FINE_UNPAID": Message("Denda pelayanan rawat inap ini belum dibayar."),
    "GOVERNMENT_UNKNOWN": Message("Pemerintah daerah untuk wilayah {region} belum tercatat."),
    "IDEMPOTENCY_KEY_REUSED": Message(
        "idempotencyKey ini sudah dipakai untuk isian lain; buat kunci baru untuk setiap "
        "permintaan baru."
    ),
    "ID_INVALID": Message("ID ini bukan ID dari API ini; kirimkan persis seperti yang diterima."),
    "INSTALMENT_PLAN_REFUSED": Message(
        "Rencana cicilan (REHAB) ini tidak memenuhi syarat; periksa jumlah tunggakan, jumlah "
        "cicilan, dan tanggal pendaftaran."
    ),
    "INVALID_INPUT": Message("Isian kolom {field} tidak sesuai; periksa bentuk dan isinya."),
    "LETTER_UNKNOWN": Message("Tidak ada SEP seperti itu pada keluarga ini untuk waktu tersebut."),
    "MANDATE_EXISTS": Message(
        "Sudah ada kuasa autodebet yang berlaku untuk keluarga ini; cabut dulu sebelum memberi "
        "yang baru."
    ),
    "MEMBERSHIP_ENDED": Message("Kepesertaan ini sudah berakhir; buka kepesertaan baru."),
    "MONTHS_AHEAD_OUT_OF_RANGE": Message(
        "Bayar di muka 1 sampai {months_max} bulan penuh, atau 0 untuk membatalkan."
    ),
    "MONTH_BILLED": Message(
        "Tagihan pemberi kerja sudah terbit sampai {billed_through}; laporkan untuk bulan lain."
    ),
    "MONTH_NOT_BEGUN": Message("Bulan {month} belum dimulai; peserta dihitung pada tanggal 1."),
    "MONTH_NOT_BILLED": Message("Belum ada tagihan untuk {month}; pilih bulan yang lain."),
    "MOVE_IN_ARREARS": Message(
        "Lunasi dulu tunggakan {months} bulan dari keluarga asal atau tujuan, atau cicil (REHAB).",
        "one of the families is {months} months in arrears; pay that first, or in steps (REHAB)",
    ),
    "NOTHING_TO_APPROVE": Message("Tidak ada usulan yang menunggu persetujuan; periksa statusnya."),
    "NOTHING_TO_PAY": Message("Saat ini tidak ada yang dapat dibayar ({result})."),
    "NOT_ALLOWED": Message("Peran Anda tidak berwenang melakukan ini."),
    "NOT_A_FIRST_LEVEL_PARTNER": Message(
        "{facility_code} bukan FKTP yang bekerja sama; pilih yang lain."
    ),
    "NOT_ELIGIBLE": Message("Pelayanan ini tidak dijamin; lihat alasan pada `refusals`."),
    "NOT_EMPLOYABLE": Message(
        "Kepesertaan berstatus {state} pada segmen {segment}; buka yang baru pada segmen pekerja."
    ),
    "NOT_FOUND": Message(
        "Data tidak ditemukan atau tidak dapat Anda ubah; periksa ID atau nomornya."
    ),
    "NOT_SPONSORABLE": Message(
        "Kepesertaan berstatus {state} pada segmen {segment} tidak dapat dibayari pemerintah."
    ),
    "NOT_SPONSORED": Message(
        "Tidak ada pemerintah yang membayar kepesertaan ini tanpa batas akhir; periksa nomornya."
    ),
    "NO_INSTALMENT_PLAN": Message("Keluarga ini tidak memiliki rencana cicilan (REHAB)."),
    "NO_MANDATE": Message(
        "Tidak ada kuasa autodebet yang berlaku untuk nomor ini.",
        "no mandate lives here; there is nothing to revoke",
    ),
    "NO_RULE": Message(
        "Belum ada aturan yang berlaku untuk tanggal itu; hubungi kami.",
        "no rule is in force for that date; tell us",
    ),
    "NO_SERIAL_LEFT": Message(
        "Nomor bulan ini untuk fasilitas {facility_code} sudah habis; hubungi kantor cabang."
    ),
    "PARTICIPANT_UNKNOWN": Message("Peserta tidak ditemukan; periksa kembali nomor kartunya."),
    "REFERRAL_WRONG_TIER": Message("Rujukan hanya dari FKTP ke FKRTL yang bekerja sama."),
    "REFUND_EXCEEDS_CREDIT": Message(
        "Permintaan Rp{amount} melebihi saldo Rp{credit}; ajukan paling banyak sebesar saldo."
    ),
    "PAYER_UNKNOWN": Message(
        "Pemberi kerja atau pemerintah tidak ditemukan; periksa kembali nomornya."
    ),
    "REFUND_IN_ARREARS": Message("Masih ada bulan tertunggak; lunasi sebelum pengembalian."),
    "REFUND_STEP_IMPOSSIBLE": Message(
        "Pengembalian berstatus {state} tidak dapat diproses ke langkah ini."
    ),
    "REFUND_UNKNOWN": Message("Pengembalian iuran tidak ditemukan; periksa kembali nomornya."),
    "SAME_CLASS": Message("Keluarga ini sudah berada di kelas tersebut."),
    "SECOND_PERSON_NEEDED": Message("Orang lain yang harus memutuskan; Anda sudah terlibat."),
    "SUSPENSE_NOT_PLACEABLE": Message(
        "Dana tidak dapat dibukukan ke nomor ini ({reason}); usulkan nomor lain atau pengembalian."
    ),
    "SUSPENSE_PLACED": Message("Dana {reference} sudah dibukukan sebelumnya."),
    "SUSPENSE_UNKNOWN": Message("Tidak ada dana {reference} dalam penampungan; periksa daftarnya."),
    "TOO_MANY_COVERED": Message(
        "Upah menanggung {people_max} orang, bukan {people}; daftarkan sisanya sebagai tambahan."
    ),
    "WRITE_OFF_NOT_IN_FORCE": Message(
        "Aturan {rule} tidak berlaku; tunggakan tetap harus dibayar, boleh dicicil (REHAB)."
    ),
    "WEBHOOK_ADDRESS_REFUSED": Message(
        "Alamat webhook ini tidak dapat dipanggil; gunakan alamat publik.",
        "webhooks cannot go to this address; use a public one",
    ),
    "WEBHOOK_EXISTS": Message(
        "Nama webhook ini sudah dipakai; pilih nama lain.",
        "there is a webhook of this name already; choose another name",
    ),
    "WEBHOOK_NOTHING_TO_RESEND": Message(
        "Tidak ada kejadian untuk dikirim ulang; periksa `deliveries`.",
        "there is nothing to send again; look at the endpoint's `deliveries`",
    ),
    "WEBHOOK_SECRETS_TOO_MANY": Message(
        "Rahasia lama masih berlaku; isi overlapHours 0 untuk mengakhiri keduanya.",
        "the former secret still signs; rotate with overlapHours 0 to end both at once",
    ),
    "WEBHOOK_STATE": Message(
        "Langkah ini tidak sesuai dengan status webhook; periksa `state`.",
        "this does not fit the endpoint's state; look at `webhookEndpoints`",
    ),
    "WEBHOOK_UNKNOWN": Message(
        "Tidak ada webhook dengan nama ini; periksa `webhookEndpoints`.",
        "there is no webhook of this name; look at `webhookEndpoints`",
    ),
}
