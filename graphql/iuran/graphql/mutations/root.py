"""The root of all changes."""

from typing import cast

from strawberry.tools import create_type
from strawberry.types.field import StrawberryField

from iuran.graphql.mutations import families, people
from iuran.graphql.mutations.declaring import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    families.register_family,
    families.change_care_class,
    people.add_member,
    people.add_newborn,
)
"""Every mutation, in the order of the schema."""

MutationRoot = create_type(
    "Mutation",
    # Strawberry takes what `strawberry.mutation` made, which is typed as Any.
    [cast("StrawberryField", one.field) for one in MUTATIONS],
    description="Changes. Each does all of what it is asked, or nothing, and answers with what "
    "came of it or with a Problem. Several in one operation are done one after another.",
)
