-- Days on which offices of the whole country are closed, for set-based due dates. Reference data, as
-- rates are: filled by every `iuran migrate`.
CREATE TABLE public_holiday (
    day date PRIMARY KEY,
    kind text NOT NULL CONSTRAINT public_holiday_kind CHECK (kind IN ('HOLIDAY', 'JOINT_LEAVE')),
    name text NOT NULL
);
GRANT SELECT ON public_holiday TO iuran_app;
